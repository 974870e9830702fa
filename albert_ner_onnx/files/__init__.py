"""Files and streams: texts and tags are read, records are written."""
