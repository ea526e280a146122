"""Every exception Tumorscope raises on purpose.

::

    TumorscopeError
    ├── InputError                what was sent cannot be read
    │   ├── NoFile
    │   ├── MixedStudy            several parts that are not one study
    │   │   └── NotOneExamination    volumes that are not the sequences of one examination
    │   ├── UploadTooLarge
    │   ├── UploadTooSlow
    │   ├── TooManyFiles
    │   ├── ImageTooLarge
    │   ├── TooManySlices
    │   ├── ExpandsTooMuch        a small file that would unpack to a huge one
    │   ├── UnknownSeries         the series that was asked for is not among those sent
    │   ├── UnsupportedFormat
    │   ├── CorruptFile
    │   ├── NotAnMrImage          a DICOM object that says CT, ultrasound, X-ray …; Hounsfield units
    │   ├── NotAnAnatomicalImage  labels, a mask, a statistical map, vectors
    │   ├── TiledImage            slices as tiles of one image, which cannot be told apart
    │   ├── NotABrain             a DICOM object that states another part of the body, an animal or a phantom
    │   ├── NoPixelData           the file is sound, and holds no picture
    │   ├── MissingModality       the model reads several sequences, and not all were sent
    │   ├── NothingToReport       out of scope: no report is made of a refusal
    │   ├── NoDicomOrigin         DICOM objects are asked for of what is no series of DICOM images
    │   ├── TookTooLong           the request as a whole takes longer than the service allows
    │   ├── UnknownModel          another name or version than the served model's
    │   └── InvalidRequest
    ├── ModelError                the model cannot be used
    │   ├── BundleInvalid         missing, damaged, or of another make
    │   ├── EngineMissing         its engine is not installed
    │   ├── AnswerNotFinite       what the network gave is no number
    │   └── GoldenMismatch        loaded, but does not reproduce its golden answers
    ├── AccessDenied              who asks may not
    │   ├── MissingApiKey
    │   ├── WrongApiKey
    │   ├── UnknownHost           by a name that is not the service's
    │   └── ForbiddenOrigin       a page of another origin
    ├── ServiceError              the service cannot answer now; trying again may help
    │   ├── NotReady
    │   ├── Overloaded
    │   └── RateLimited           this client asks faster than it may
    ├── SetupInvalid              the service cannot run as it is set up
    │   ├── JobsDamaged           the watcher's job table cannot be read any more
    │   └── ApiKeysInvalid        the file of API keys is missing, damaged, or does not hold what was asked for
    ├── PeerError                 what the watcher of an archive relies on does not do what it should
    │   ├── PeerUnavailable       it cannot be reached, or cannot answer now
    │   ├── StudyRefused          the service makes no report of the study
    │   └── StudyTooLarge         the service does not take the study as it is set up
    ├── TrainingError             a training run cannot start or go on
    ├── EvaluationError           model and data do not fit each other, or a part of the data is absent
    └── DatasetError              a file or a case of a data set cannot be used

Each class has one ``code``, stable for clients. The message is for people and names no file and no patient.
"""


class TumorscopeError(Exception):
    """Root of the tree."""

    code = "internal"


class InputError(TumorscopeError):
    """What was sent cannot be read."""

    code = "invalid_request"


class NoFile(InputError):
    """The request holds no file."""

    code = "no_file"


class MixedStudy(InputError):
    """The parts of one request do not belong together."""

    code = "mixed_study"


class NotOneExamination(MixedStudy):
    """The volumes of one request are not the sequences of one examination, by their names or their place."""

    code = "not_one_examination"


class UploadTooLarge(InputError):
    """The upload is larger than the service takes."""

    code = "upload_too_large"


class UploadTooSlow(InputError):
    """The request's body comes in more slowly than the service waits for."""

    code = "upload_too_slow"


class TooManyFiles(InputError):
    """The request holds more parts than the service takes."""

    code = "too_many_files"


class ImageTooLarge(InputError):
    """The picture declares more pixels than the service decodes."""

    code = "image_too_large"


class TooManySlices(InputError):
    """The volume has more slices than the service reads."""

    code = "too_many_slices"


class ExpandsTooMuch(InputError):
    """What the file declares, or unpacks to, is more than the service holds."""

    code = "expands_too_much"


class UnknownSeries(InputError):
    """The series that was asked for is not among those that were sent."""

    code = "unknown_series"


class UnsupportedFormat(InputError):
    """The content is of no format that is read here."""

    code = "unsupported_format"


class CorruptFile(InputError):
    """The content claims a known format and cannot be decoded."""

    code = "corrupt_file"


class NotAnMrImage(InputError):
    """An image of another modality than magnetic resonance."""

    code = "not_an_mr_image"


class NotAnAnatomicalImage(InputError):
    """A volume of labels, statistics, vectors or colours: computed from an image, and none itself."""

    code = "not_an_anatomical_image"


class TiledImage(InputError):
    """One image that shows several slices as tiles, without saying where they lie."""

    code = "tiled_image"


class NotABrain(InputError):
    """An image that is stated to show something else than a human head."""

    code = "not_a_brain"


class NoPixelData(InputError):
    """The file is sound, and holds no picture."""

    code = "no_pixel_data"


class MissingModality(InputError):
    """The model reads several sequences of one examination, and not all were sent."""

    code = "missing_modality"


class NothingToReport(InputError):
    """The study is out of scope, and no report is made of a refusal."""

    code = "nothing_to_report"


class NoDicomOrigin(InputError):
    """DICOM objects refer to DICOM images, and the study was not read from such that can be referred to."""

    code = "no_dicom_origin"


class TookTooLong(InputError):
    """The request as a whole takes longer than the service allows."""

    code = "took_too_long"


class UnknownModel(InputError):
    """No model of the name, or not in the version, is served."""

    code = "unknown_model"


class InvalidRequest(InputError):
    """A parameter or the body does not follow the contract."""

    code = "invalid_request"


class AccessDenied(TumorscopeError):
    """Who asks may not."""

    code = "wrong_api_key"


class MissingApiKey(AccessDenied):
    """The service has API keys, and the request states none."""

    code = "missing_api_key"


class WrongApiKey(AccessDenied):
    """The key is none of those that the service has, or no longer one."""

    code = "wrong_api_key"


class UnknownHost(AccessDenied):
    """The request names a host that the service is not."""

    code = "unknown_host"


class ForbiddenOrigin(AccessDenied):
    """A browser sends the request for a page of another origin."""

    code = "forbidden_origin"


class ModelError(TumorscopeError):
    """The model cannot be used."""


class BundleInvalid(ModelError):
    """The bundle is missing, damaged, or does not match what this version serves."""


class EngineMissing(ModelError):
    """The engine that the model needs is not installed."""


class AnswerNotFinite(ModelError):
    """The network's answer is no number, from which no decision may follow."""


class GoldenMismatch(ModelError):
    """The loaded model does not reproduce its golden answers."""


class ServiceError(TumorscopeError):
    """The service cannot answer now; trying again after so many seconds may help."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotReady(ServiceError):
    """No model is loaded and checked yet."""

    code = "not_ready"


class Overloaded(ServiceError):
    """The queue is full, or its expected wait is too long."""

    code = "overloaded"


class RateLimited(ServiceError):
    """The client's key may not ask so fast."""

    code = "rate_limited"


class SetupInvalid(TumorscopeError):
    """The service cannot run as it is set up; the message tells the operator what to change."""


class JobsDamaged(SetupInvalid):
    """The job table of the watcher is damaged, or another program's."""

    def __init__(
        self, message: str = "Move the job table away and start again: what the archive holds is not stored twice."
    ) -> None:
        super().__init__(message)
        self.code = "jobs_damaged"


class ApiKeysInvalid(SetupInvalid):
    """The file of API keys is missing, damaged, or does not hold what was asked for."""


class PeerError(TumorscopeError):
    """An archive, the service that its watcher asks, or its job table does not do what it should."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class PeerUnavailable(PeerError):
    """It cannot be reached, or cannot answer now, or not to us: no fault of the study that was asked for."""

    def __init__(self, message: str, code: str, retry_after_s: float = 0) -> None:
        super().__init__(message, code)
        self.retry_after_s = retry_after_s


class StudyRefused(PeerError):
    """The service makes no report of the study; another try changes nothing."""


class StudyTooLarge(PeerError):
    """The study is over a limit of the service; another try helps after its operator has raised that."""


class TrainingError(TumorscopeError):
    """A training run cannot start or go on."""


class EvaluationError(TumorscopeError):
    """Model and data do not fit each other, or a part of the data is absent."""


class DatasetError(TumorscopeError):
    """A file or a case of a data set cannot be used."""
