using System.Collections.Immutable;

namespace Antrea.Migration.Execution;

/// <summary>A command for a Node: a verb, the shell text that carries it out, and its arguments.</summary>
/// <remarks>Run as <c>sh -c SCRIPT antrea-migration:VERB ARGUMENTS…</c>, so that arguments are data (<c>$1</c>…) and never
/// code, and so that a log of processes on the Node says who ran what.</remarks>
/// <param name="Verb">Kebab case, for example <c>write-file</c>.</param>
/// <param name="Script">POSIX shell text.</param>
/// <param name="Arguments">What the script finds as <c>$1</c>, <c>$2</c>…</param>
public sealed record NodeCommand(string Verb, string Script, ImmutableArray<string> Arguments)
{
    /// <summary>What <see cref="ToArgv"/> puts before the verb in <c>$0</c>.</summary>
    public const string NamePrefix = "antrea-migration:";

    /// <summary>The argument vector to execute.</summary>
    public ImmutableArray<string> ToArgv() => ["sh", "-c", Script, NamePrefix + Verb, .. Arguments];

    /// <summary>The argument vector to execute from a container in which the Node's files are mounted.</summary>
    /// <remarks>The Node's shell by its path: a busybox built to prefer its own applets takes itself for <c>sh</c>, even behind <c>chroot</c>, and with
    /// that every tool that the Node has better.</remarks>
    /// <param name="root">Where the Node's files are, for example <c>/host</c>.</param>
    public ImmutableArray<string> ToArgvIn(string root) => ["chroot", root, "/bin/sh", .. ToArgv()[1..]];
}
