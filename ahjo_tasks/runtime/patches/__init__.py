"""Changes to Invoke's parser and config loader, installed by `namespace()`."""
