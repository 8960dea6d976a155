"""Trouble: the same verdicts through a network, an API server and a store that fail now and then?"""
