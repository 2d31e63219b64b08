"""The stand-in market: real closes and rates replayed on an API, a web page and an old database."""
