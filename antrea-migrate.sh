#!/usr/bin/env bash
# Migrates a cluster from Calico to Antrea: a thin wrapper over "antrea-migrator migrate".
#   ./antrea-migrate.sh --lab                  the tour, on a lab cluster that needs nothing installed
#   ./antrea-migrate.sh --kind                 a rehearsal, on a KinD cluster made for it and deleted after
#   ./antrea-migrate.sh                        a dry run against the kubeconfig's cluster
#   ./antrea-migrate.sh --execute …            the migration; see "antrea-migrator migrate --help"
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project="$here/src/Antrea.Migrator/Antrea.Migrator.csproj"

if [ -f "$project" ]; then
  command -v dotnet >/dev/null 2>&1 || {
    echo "antrea-migrate.sh: the .NET 10 SDK is needed to build the migrator from this checkout; 'dotnet' is not on the PATH." >&2
    exit 1
  }
  build=$(dotnet build "$project" --configuration Release --verbosity quiet --nologo 2>&1) || { echo "$build" >&2; exit 1; }
  exec dotnet "$here/src/Antrea.Migrator/bin/Release/net10.0/antrea-migrator.dll" migrate "$@"
fi

command -v antrea-migrator >/dev/null 2>&1 || {
  echo "antrea-migrate.sh: neither a checkout beside this script nor antrea-migrator on the PATH ('dotnet tool install Antrea.Migrator')." >&2
  exit 1
}
exec antrea-migrator migrate "$@"
