process.stderr.write('latchkey: nothing to run yet\n');
process.exitCode = 1;
