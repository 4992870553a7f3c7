"""Tools that build and check the project; nothing here runs inside the web server."""
