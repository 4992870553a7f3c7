"""When tasks run by themselves: rules, their next moments, the catalogue, and the dispatch of what is due (50 §1.4-§1.7)."""
