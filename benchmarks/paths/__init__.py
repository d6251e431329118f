"""The other paths: how notices come in, how clients come back, how runs are appended, and how long it all takes."""
