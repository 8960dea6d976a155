"""Flakiness: does the suite reach the same verdicts in any order and on a correct cluster that is disturbed?"""
