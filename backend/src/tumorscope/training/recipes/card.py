"""What a recipe's manifest says in words: intended use, data with licences, limits."""

INTENDED_USE = (
    "Research and evaluation: a second look at single slices of brain MRI by people trained to read them. "
    "Investigational, not for diagnostic use."
)
LICENSE = "CC-BY-4.0"
DATA = (
    {
        "name": "Cheng, Brain Tumor Dataset, figshare 1512427 (T1-weighted, contrast-enhanced)",
        "license": "CC BY 4.0",
        "used_for": "glioma, meningioma, pituitary; and, with the tumour replaced by the mirrored other side, no_tumor",
    },
    {
        "name": "SARTAJ, Brain Tumor Classification (MRI), Kaggle",
        "license": "as stated on its Kaggle page",
        "used_for": "no_tumor, meningioma, pituitary",
    },
    {
        "name": "Br35H, Kaggle",
        "license": "as stated on its Kaggle page",
        "used_for": "no_tumor, tumours of unstated kind",
    },
    {
        "name": "Navoneel, Brain MRI Images for Brain Tumor Detection, Kaggle",
        "license": "as stated on its Kaggle page",
        "used_for": "no_tumor, tumours of unstated kind",
    },
    {
        "name": "Nickparvar, Brain Tumor MRI Dataset, Kaggle",
        "license": "as stated on its Kaggle page",
        "used_for": "no_tumor",
    },
    {"name": "TCIA Brain-Tumor-Progression", "license": "CC BY 3.0", "used_for": "glioma (slices with a tumour mask)"},
    {
        "name": "CBICA demonstration volumes of people without a tumour",
        "license": "demonstration data of the Center for Biomedical Image Computing and Analytics",
        "used_for": "no_tumor",
    },
    {
        "name": "VGG19 ImageNet weights, first seven convolutions (Simonyan & Zisserman)",
        "license": "CC BY 4.0",
        "used_for": "initial weights",
    },
)
LIMITS = (
    "It judges one slice at a time and knows three kinds of tumour; every other lesion is outside of what it learned.",
    "It always answers: it does not yet say 'uncertain' or recognise a picture that is no brain MRI.",
    "Tumour kinds come almost only from contrast-enhanced T1; on other sequences the kind is a guess.",
    "Small tumours, tumours at the skull base and slices at a tumour's edge are missed more often.",
    "Some 'no tumour' training pictures show other disease; 'no_tumor' does not mean healthy.",
    "The validation patients chose the temperature; the figures were not measured at a site of yours.",
)
