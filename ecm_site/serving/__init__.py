"""Running ECM as a service: one command that keeps the web server and the task worker alive together."""
