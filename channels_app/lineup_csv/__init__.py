"""The lineup as a spreadsheet: export, template and import with a plan that is shown before it is carried out (10 §20)."""
