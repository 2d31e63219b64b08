"""The command line of Assay: one module per group of commands, printing in `show`."""
