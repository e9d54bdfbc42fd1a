"""SavedModels with the preprocessing inside, and the embedding of whole videos with them. TF Serving loads them as they are."""
