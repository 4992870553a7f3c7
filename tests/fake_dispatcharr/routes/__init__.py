"""The handlers of the fake server, one module per part of the API."""
