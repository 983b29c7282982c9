"""From a plan to an answer: decide each next step purely, then obey it.

`step.next_step` says what to do; `dispatcher` does it, and asks the interlock again each time it is
about to send. It chooses no endpoint of its own: what is not in the plan is never tried.
"""
