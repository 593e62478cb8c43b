"""The desk: who may enter, how, and what the rooms show. Knows no page and no browser."""
