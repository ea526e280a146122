"""POST /volume."""

from contextlib import ExitStack
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from tumorscope.api.http.deadline import end_in_time, end_with_client
from tumorscope.api.http.dependencies import (
    ClassifierDependency,
    ComponentsDependency,
    SeriesParameter,
    identify_client,
    refuse_unknown_parameters,
)
from tumorscope.api.http.held_response import HeldResponse, cut
from tumorscope.api.http.openapi import UPLOAD_BODY, UPLOAD_ERRORS, describe_errors
from tumorscope.api.http.uploads import read_files
from tumorscope.imaging.decode import sniff_upload
from tumorscope.imaging.decoder_channel import Watch, watch_nothing
from tumorscope.imaging.source import Reserve
from tumorscope.inference.study import choose_volume, prefer_sequences

router = APIRouter(tags=["prediction"], dependencies=[Depends(refuse_unknown_parameters)])

GZIP = "application/gzip"

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "NIfTI-1 behind gzip (.nii.gz), 16-bit integers.",
        "content": {GZIP: {"schema": {"type": "string", "format": "binary"}}},
    },
    **describe_errors(UPLOAD_ERRORS),
}


@router.post("/volume", responses=_RESPONSES, openapi_extra={"requestBody": UPLOAD_BODY}, response_class=Response)
async def volume(
    request: Request,
    components: ComponentsDependency,
    classifier: ClassifierDependency,
    series: SeriesParameter = None,
) -> Response:
    """The voxels of one study as POST /predict reads them, as NIfTI-1.

    Axes grow to the patient's right, anterior and superior (RAS+). The header's `dim_info` names the axis that slices
    are stacked along; `slices[].index` and `input.view.slice_index` of the prediction are positions on it. Of a slice,
    the column counts down the first of the two other axes and the row down the second: row r, column c of `input.view`
    is the voxel at n1 - 1 - c, n2 - 1 - r, where pixels are square; where they are not, the view is stretched to square
    ones. Of a BraTS case, the sequence that the prediction shows; a picture is a volume of one slice.
    """
    with components.memory.open_buffer() as buffer, ExitStack() as held:
        with components.metrics.upload_seconds.time():
            files = await read_files(request, components.limits, buffer)
        upload = prefer_sequences(sniff_upload(files, series), classifier.bundle.manifest.trust)

        def decode_volume(reserve: Reserve, watch: Watch) -> bytes:
            # With nibabel, which takes 40 MiB.
            from tumorscope.imaging.formats.nifti import encode_nifti  # noqa: PLC0415

            scan = components.decode(upload, reserve, watch, watch_nothing)
            content = encode_nifti(choose_volume(classifier.preprocessing.channels, scan))
            held.enter_context(components.decode_memory.hold(len(content)))
            return content

        async with end_with_client(request), end_in_time(request):
            content = await components.queue.decode(
                components.decode_memory, decode_volume, is_study=True, client=identify_client(request)
            )
        return HeldResponse(cut(content), held.pop_all(), GZIP, len(content))
