"""The routes of the service, a module a group; they read, check, ask the service and answer."""
