"""Does the exported graph give the checkpoint's own answers?"""
