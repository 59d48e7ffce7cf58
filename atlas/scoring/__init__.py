"""From raw figures to scores, orders and reasons: pure functions from tables to tables, no file and no map."""
