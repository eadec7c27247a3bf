"""The load generator: many clients dial in to a server, in network namespaces of its own making."""
