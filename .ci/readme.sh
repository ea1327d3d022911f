# The two commands of README.md, in a fresh environment, by pip alone.

stage_install() {
  local command
  command=$(readme_command 'pip install \. && fastnn train')
  local bin
  bin=$(without_build_tools)
  enter user
  PATH=$VIRTUAL_ENV/bin:$bin
  echo "+ $command"
  eval "$command"
}

# PyTorch first, so that the comparisons with it run too.
stage_tests() {
  local command
  command=$(readme_command 'pip install "\.\[test\]"')
  enter user
  pip install --quiet --no-compile torch==2.13.0  # its bytecode takes longer than the tests need it
  echo "+ $command"
  run_pytest eval "$command"
}
