/** Variables that decide what code a program loads: refused when a DAG is submitted, and again before a step starts. */

const loading =
  /^(LD_.*|DYLD_.*|NODE_OPTIONS|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|PYTHONSTARTUP|PERL5OPT|RUBYOPT|GIT_SSH.*)$/;

export const loadsCode = (variable: string): boolean => loading.test(variable);
