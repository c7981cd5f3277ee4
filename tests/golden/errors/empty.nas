# RUN: check %s
