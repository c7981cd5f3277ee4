"""The typed graph IR: graphs, modules, gates, points, the printer and the verifier."""
