"""External scorers: COMET, MetricX, BLEURT and the like, as commands in environments of their own.

They need other versions of libraries than this program, so they are never imported. A scorer is
any command that reads and writes JSON lines, one object a line, in UTF-8:

    read    {"id": 0, "system": SET_ID, "segment": 0, "source": "…", "hypothesis": "…",
             "references": ["…"]}
    written {"id": 0, "score": 0.8123}

`segment` counts from 0, `references` may be empty. The written lines may come in any order, and may
have further fields, which are kept as details. Every id has to come back once, with a finite
number; else nothing is stored, and one sentence says why.

In the command `{input}` and `{output}` stand for the paths of the two files; without `{input}` the
lines come on standard input, without `{output}` they are taken from standard output. The command
is split into arguments as a shell would, but no shell runs it: no pipes, no variables; a leading
`~/` of an argument is the home folder. It runs in the working folder, else in the job's folder.
A line `progress DONE TOTAL` on standard error moves the progress bar; so does an output file that
grows. An exit code other than 0 is a failure, and the last line of standard error says which.

Of the environment it gets only what `command.PASSED` names: PATH, HOME, the language, temporary
folders, CUDA and the caches of models; no variable that sounds like a key, a token or a password.
Proxies are not passed on either: keep the model on the disk and name its path.
"""
