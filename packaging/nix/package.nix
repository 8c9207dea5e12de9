# finwait as nixpkgs would have it: `callPackage ./package.nix { }`.
{ lib, stdenv, rustPlatform, installShellFiles }:

let
  workspace = (lib.importTOML ../../Cargo.toml).workspace.package;
in
rustPlatform.buildRustPackage {
  pname = "finwait";
  inherit (workspace) version;

  src = lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;
  cargoBuildFlags = [ "--package" "finwait" ];

  # The tests make network namespaces and read /dev/net/tun, which the build's sandbox does not give.
  doCheck = false;

  nativeBuildInputs = [ installShellFiles ];
  # The program makes its man pages and completions itself; so it runs where it is built, or has none.
  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    if $out/bin/finwait man --help > /dev/null 2>&1; then
      mkdir man
      $out/bin/finwait man man
      installManPage man/*
    fi
    if $out/bin/finwait completions --help > /dev/null 2>&1; then
      for shell in bash zsh fish; do
        $out/bin/finwait completions $shell > finwait.$shell
        installShellCompletion --cmd finwait --$shell finwait.$shell
      done
    fi
  '';

  meta = {
    description = "Drive both ends of a live TCP connection, and see what the kernel really does";
    inherit (workspace) homepage;
    license = with lib.licenses; [ mit asl20 ];
    mainProgram = "finwait";
    platforms = [ "x86_64-linux" "aarch64-linux" ];
  };
}
