"""What a store looks like: tables for the terminal, one HTML page, pictures. Reads rows and stores, changes neither."""
