export default { run() { return 1; } };
