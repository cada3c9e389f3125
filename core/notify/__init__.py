"""Messages about runs that ended or stand still; imports storage and settings, and no job."""
