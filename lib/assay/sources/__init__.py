"""Where data comes from: the database of the brokerage and the API of the parameters."""
