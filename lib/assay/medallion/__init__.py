"""Pure transforms of each layer, DataFrame to DataFrame: no session, no client, no clock."""
