"""Learned judges: reward models that score answers and steps, and how far their scores can be trusted.

    core          `RewardModel`, what all of them are, and `Ensemble`, several of them together
    scalar        a number read off a language model: `ScalarHead` (a trained layer), `TokenLogit` (a good, a bad token)
    implicit      `ImplicitReward`: the log-ratio of two language models
    judge         `GenerativeJudge`: a language model asked in words, and only where the rules could not decide
    calibration   AUC, expected calibration error, Brier score
    encoding      text to tokens and batches, for those above

A learned score is a guess, and whoever is optimised against it finds its mistakes. It guides search, shapes rewards and
orders candidates; the outcome stays with the rules. torch and transformers are loaded when a model is.
"""
