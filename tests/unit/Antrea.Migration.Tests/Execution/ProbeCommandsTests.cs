using System.Net;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.Tests.Execution;

/// <summary>The shell texts run under the machine's own /bin/sh, with programs of the test's in place of busybox's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Platform("Linux")]
public sealed class ProbeCommandsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("probe-");

    public ProbeCommandsTests()
    {
        // timeout SECONDS PROGRAM…: the program may ask to be stopped.
        Program("timeout", "shift; \"$@\"; c=$?; [ $c -ne 99 ] || c=143; exit $c");
        Program(
            "nc",
            """
            case "$3:$4" in
              *:80) exit 0;;
              *:81) echo "nc: can't connect to remote host ($3): Connection refused" >&2; exit 1;;
              *:82) exit 99;;
              *) printf 'nc: odd * $(id)\nsecond line of %0300d\n' 1 >&2; exit 1;;
            esac
            """);
        Program("wget", "[ \"$4\" = http://good/a?b=1 ] || { echo \"wget: bad address '$4'\" >&2; exit 1; }");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Test]
    public async Task ConnectTo_EveryOutcome_IsReadBack()
    {
        var result = await RunAsync(ProbeCommands.ConnectTo(
            [new DnsEndPoint("10.0.0.1", 80), new DnsEndPoint("10.0.0.2", 81), new DnsEndPoint("10.0.0.3", 82), new DnsEndPoint("10.0.0.4", 83)],
            TimeSpan.FromMilliseconds(1500)));
        var outcomes = result.StandardOutput.Split('\n').Select(ProbeOutput.ParseConnection).OfType<(int Index, ProbeOutcome Outcome)>()
            .OrderBy(o => o.Index).Select(o => o.Outcome).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcomes.Select(o => o.Cause), Is.EqualTo(
                [ProbeFailureCause.None, ProbeFailureCause.Refused, ProbeFailureCause.Timeout, ProbeFailureCause.Other]));
            Assert.That(outcomes[3].Detail, Does.StartWith("nc: odd * $(id) second line").And.Length.EqualTo(160), "one line, and bounded");
        }
    }

    [TestCase("http://good/a?b=1", ProbeFailureCause.None)]
    [TestCase("http://bad/", ProbeFailureCause.Dns)]
    [TestCase("tcp://good:80", ProbeFailureCause.None)]
    [TestCase("tcp://good:81", ProbeFailureCause.Refused)]
    public async Task WatchTarget_ThreeRequests_AreReportedTwiceEach(string target, ProbeFailureCause cause)
    {
        var command = ProbeCommands.WatchTarget(new Uri(target), TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(1));
        var result = await RunAsync(command with { Arguments = command.Arguments.SetItem(2, "3") });
        var reports = result.StandardOutput.Split('\n').Select(ProbeOutput.ParseReport).OfType<ProbeReport>().ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(reports.Where(r => r.Outcome is null).Select(r => r.Sequence), Is.EqualTo([1, 2, 3]));
            Assert.That(reports.Where(r => r.Outcome is not null).Select(r => r.Sequence), Is.EquivalentTo([1, 2, 3]));
            Assert.That(reports.Where(r => r.Outcome is not null).Select(r => r.Outcome!.Cause), Has.All.EqualTo(cause));
            Assert.That(reports.Select(r => r.At), Has.All.GreaterThan(TimeSpan.Zero));
        }
    }

    [TestCase(0, "", ProbeFailureCause.None)]
    [TestCase(143, "", ProbeFailureCause.Timeout)]
    [TestCase(124, "", ProbeFailureCause.Timeout)]
    [TestCase(1, "wget: bad address 'nginx-origin'", ProbeFailureCause.Dns)]
    [TestCase(1, "wget: can't connect to remote host (10.96.1.1): Connection refused", ProbeFailureCause.Refused)]
    [TestCase(1, "nc: can't connect to remote host (10.96.1.1): No route to host", ProbeFailureCause.Unreachable)]
    [TestCase(1, "nc: can't connect to remote host (10.96.1.1): Network is unreachable", ProbeFailureCause.Unreachable)]
    [TestCase(1, "nc: can't connect to remote host (10.96.1.1): Connection timed out", ProbeFailureCause.Timeout)]
    [TestCase(1, "wget: server returned error: HTTP/1.1 503 Service Unavailable", ProbeFailureCause.HttpStatus)]
    [TestCase(1, "wget: error getting response: Connection reset by peer", ProbeFailureCause.Reset)]
    [TestCase(8, "", ProbeFailureCause.HttpStatus)]
    [TestCase(4, "", ProbeFailureCause.Other)]
    public void Judge_WhatProgramsSay(int exitCode, string message, ProbeFailureCause cause) =>
        Assert.That(ProbeOutput.Judge(exitCode, message).Cause, Is.EqualTo(cause));

    [TestCase(127, "sh: nc: not found")]
    [TestCase(1, "nc: invalid option -- 'e'")]
    public void Judge_AContainerWithoutThePrograms_IsNoOutcome(int exitCode, string message) =>
        Assert.That(() => ProbeOutput.Judge(exitCode, message), Throws.TypeOf<MigrationException>().With.Message.Contains(message));

    [TestCase("")]
    [TestCase("s 1")]
    [TestCase("s x 1.0")]
    [TestCase("r 1 2.0")]
    [TestCase("r 1 2.0 x")]
    [TestCase("q 1 2.0 0")]
    [TestCase("some other program's output")]
    public void Parse_WhatIsNoLineOfOurs_IsNothing(string line)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ProbeOutput.ParseReport(line), Is.Null);
            Assert.That(ProbeOutput.ParseConnection(line), Is.Null);
        }
    }

    private void Program(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    private Task<BufferedCommandResult> RunAsync(NodeCommand command)
    {
        var argv = command.ToArgv();
        return Cli.Wrap(argv[0]).WithArguments(argv.Skip(1))
            .WithEnvironmentVariables(v => v.Set("PATH", $"{_folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}"))
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
    }
}
