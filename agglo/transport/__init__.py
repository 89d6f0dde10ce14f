"""Transport: links and lines → one directed graph → time matrices, connectivity."""
