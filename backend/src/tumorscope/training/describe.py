"""A recipe and its trained weights in, the manifest out, but for what only the finished model can tell."""

from tumorscope.model.manifest import DataManifest, InputManifest, Manifest, PreprocessingManifest
from tumorscope.training.recipe import Recipe
from tumorscope.training.run import Trained

# float32 and bfloat16 engines differ by less; another network, or another preprocessing, by more.
GOLDEN_TOLERANCE = 0.03


def describe(recipe: Recipe, trained: Trained, version: str) -> Manifest:
    """The manifest of a trained model, without what `evaluation.release` measures.

    Parameters
    ----------
    recipe : Recipe
        That was run.
    trained : Trained
        From `run_recipe`.
    version : str
        Of the model, ``MAJOR.MINOR.PATCH``.

    Returns
    -------
    Manifest
        At temperature 1, without metrics and golden answers.
    """
    preprocessing = recipe.preprocessing
    lower, upper = preprocessing.percentiles
    return Manifest(
        name=recipe.card.model_name,
        version=version,
        class_names=list(recipe.class_names),
        input=InputManifest(
            size=recipe.stages[-1].size,
            channel_names=None if preprocessing.channels is None else list(preprocessing.channels),
        ),
        preprocessing=PreprocessingManifest(
            lower_percentile=lower,
            upper_percentile=upper,
            head_margin=preprocessing.head_margin,
            intensity=preprocessing.intensity,
        ),
        temperature=1.0,
        tumor_threshold=0.5,
        intended_use=recipe.card.intended_use,
        limits=list(recipe.card.limits),
        license=recipe.card.license,
        data=[
            DataManifest(name=name, license=license_name, used_for=used_for)
            for name, license_name, used_for in recipe.card.data
        ],
        training=trained.record,
        metrics={},
        golden_tolerance=GOLDEN_TOLERANCE,
        golden=[],
        files={},
    )
