"""Changes many fields of many channels in one step: worked out for a preview, then carried out (10 §23.4)."""
