"""The planner's app: pages, browser pieces, state ↔ link. It computes nothing that a test could not call without it."""
