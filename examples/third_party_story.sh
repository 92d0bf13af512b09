#!/usr/bin/env bash
# The story of parts that are not bczoo's own, as their users and their authors live it:
#
#     examples/third_party_story.sh [BCZOO.whl]
#
# Without a wheel, bczoo's is built from this checkout, as .ci/wheel does it. Everything happens in a temporary folder,
# in a virtual environment of its own, which only borrows pip and the dependencies of the active one (that of
# bczoo[dev]); no index is asked for anything. Each step is checked; the first that does not do what is said here ends
# the story with its command and all that it said.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
wheel=${1:+$(realpath "$1")}
export PIP_QUIET=1 PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONPATH BCZOO_BLOCK

# step "what is done" COMMAND...: the command succeeds. refused "..." COMMAND...: it fails with exit code 1.
step() { ends 0 "$@"; }
refused() { ends 1 "$@"; }
ends() {
    local wanted=$1 what=$2 start=${EPOCHREALTIME/[.,]/} status=0; shift 2
    told=$*
    "$@" >"$work/said" 2>&1 </dev/null || status=$?
    local took=$(((${EPOCHREALTIME/[.,]/} - start) / 100000))
    printf '%4d.%d s  %s\n' $((took / 10)) $((took % 10)) "$what"
    [ "$status" -eq "$wanted" ] || fail "exit code $status, not $wanted"
}
says() { for words in "$@"; do grep -qE -- "$words" "$work/said" || fail "it does not say: $words"; done; }
silent_about() { ! grep -qE -- "$1" "$work/said" || fail "it says: $1"; }
fail() { printf 'FAILED: %s\n$ %s\n' "$1" "$told"; cat "$work/said"; exit 1; }

echo "== An author builds a package"
mkdir "$work/dist" "$work/user" && cp -r "$checkout/examples/bczoo-fourier" "$work/source"
if [ -n "$wheel" ]; then cp "$wheel" "$work/dist"; else
    step "build bczoo" python -m build --outdir "$work/dist" "$checkout"
fi
step "build bczoo-fourier" python -m build --no-isolation --outdir "$work/dist" "$work/source"

echo "== A user installs bczoo, and the package"
borrowed=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
step "make an environment" python -m venv --without-pip "$work/venv"
PATH=$work/venv/bin:$PATH; hash -r
own=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$borrowed" >"$own/borrowed.pth"
cd "$work/user"
pip() { python -m pip "$@"; }  # borrowed as well
export PIP_NO_INDEX=1 PIP_FIND_LINKS=$work/dist  # where these two packages are published, as it were
for package in bczoo-fourier bczoo-mine; do
    ! pip show "$package" >/dev/null 2>&1 ||
        { echo "$package is installed in the active environment; pip uninstall $package, or use another"; exit 1; }
done
# bczoo itself may be borrowed, too, so pip is told to install it nevertheless.
step "pip install bczoo" pip install --no-deps --ignore-installed bczoo
step "bczoo comes from its wheel" python -c "import bczoo; print(bczoo.__file__)"
says "^$own/bczoo/"
step "bczoo list knows no fourier" bczoo list
silent_about fourier
step "pip install bczoo-fourier" pip install bczoo-fourier
step "bczoo list shows its parts" bczoo list
says '^backbone +fourier +bczoo-fourier 0\.1\.0' '^callback +weight_norm +bczoo-fourier 0\.1\.0'
silent_about 'broken'
step "bczoo show explains their options" bczoo show backbone fourier
says frequencies scale width
step "its own tests" python -m pytest -q -p no:cacheprovider "$work/source"
says ' passed'

echo "== The user trains with it"
cp "$checkout/examples/bczoo-fourier/fourier.toml" .
tiny=(--set data.demos=4 --set train.steps=2 --set train.log_every=1 --set eval.episodes=2 --set eval.videos=1 --quiet)
step "bczoo check" bczoo check --spec fourier.toml
says 'backbone +fourier'
step "bczoo train" bczoo train --spec fourier.toml --run with "${tiny[@]}"
says 'of 2 held-out starts'
step "its callback wrote a line a step" grep -c '"growth"' runs/with/weight_norm.jsonl
says '^2$'
step "bczoo train, with the callback alone" \
    bczoo train --spec fourier.toml --run watched --set policy.backbone.use=cnn "${tiny[@]}"
step "bczoo eval" bczoo eval runs/with/policy.safetensors --quiet
says 'of 2 held-out starts'

echo "== The package is gone"
step "pip uninstall bczoo-fourier" pip uninstall --yes bczoo-fourier
refused "bczoo eval says what to install" bczoo eval runs/with/policy.safetensors --quiet
says "^error: runs/with/policy.safetensors needs backbone 'fourier' of bczoo-fourier 0.1.0, which is not installed; pip"
[ "$(wc -l <"$work/said")" -eq 1 ] || fail "it says more than one line"
advice=$(sed 's/.*; pip install //' "$work/said")
step "bczoo eval of a policy that only was watched" bczoo eval runs/watched/policy.safetensors --quiet
step "bczoo list" bczoo list
silent_about 'fourier|broken'
step "bczoo check of another spec" bczoo check --spec bc_cnn

echo "== The user types what the sentence says"
step "pip install $advice" pip install "$advice"
step "bczoo eval" bczoo eval runs/with/policy.safetensors --quiet --out again
says 'of 2 held-out starts'

echo "== Somebody begins a package of their own"
step "bczoo new plugin" bczoo new plugin bczoo-mine --kind backbone
step "pip install ./bczoo-mine" pip install --no-build-isolation ./bczoo-mine
step "bczoo list shows its part" bczoo list
says '^backbone +mine +bczoo-mine ' '^backbone +fourier +bczoo-fourier '
step "its own tests" python -m pytest -q -p no:cacheprovider bczoo-mine
says ' passed'
step "bczoo train" bczoo train --spec bc_cnn --run mine --set policy.backbone.use=mine "${tiny[@]}"
says 'of 2 held-out starts'
echo "== The end"
