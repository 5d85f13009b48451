"""Who proposes: the shipped tiny model, any Hugging Face causal model, any OpenAI-compatible endpoint, a script."""
