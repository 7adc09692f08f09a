"""Scripted peers and process control for the tests from outside."""
