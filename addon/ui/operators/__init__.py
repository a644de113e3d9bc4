"""What an artist can ask for, mostly one operator a file. Each checks, calls one function, and reports."""
