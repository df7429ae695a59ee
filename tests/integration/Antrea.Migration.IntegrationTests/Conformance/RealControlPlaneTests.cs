using Antrea.Migration.Lab.ControlPlane.Real;
using CliWrap;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>Starting and ending a real control plane.</summary>
[CancelAfter(180_000)]
internal sealed class RealControlPlaneTests
{
    [Test]
    public async Task Nothing_of_it_can_be_read_by_others_and_nothing_is_left(CancellationToken token)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new IgnoreException("Only Linux tells a process's command line.");
        }

        string folder;
        await using (var plane = await RealControlPlane.StartAsync(new() { Binaries = Requires.ControlPlane() }, token))
        {
            folder = plane.Folder;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(File.GetUnixFileMode(folder), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
                foreach (var key in Directory.GetFiles(folder, "*.key").Concat(Directory.GetFiles(folder, "*.conf")))
                {
                    Assert.That(File.GetUnixFileMode(key), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite), key);
                }

                Assert.That(plane.Failures, Is.Empty);
                Assert.That(Naming(folder), Is.EqualTo((string[])["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]));
            }

            await plane.DisposeAsync();
            Assert.That(Naming(folder), Is.Empty);
        }

        Assert.That(Directory.Exists(folder), Is.False);
    }

    [Test]
    public async Task A_program_that_ends_is_named_with_its_last_words_and_its_log(CancellationToken token)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new IgnoreException("Needs a shell.");
        }

        var binaries = Directory.CreateTempSubdirectory("broken-");
        foreach (var program in (string[])["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"])
        {
            var path = Path.Combine(binaries.FullName, program);
            await File.WriteAllTextAsync(path, program == "etcd" ? "#!/bin/sh\necho no room >&2\nexit 3\n" : "#!/bin/sh\necho v1.20.2\nexec sleep 60\n", token);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await File.WriteAllTextAsync(
            Path.Combine(binaries.FullName, "kube-apiserver"), "#!/bin/sh\n[ \"$1\" = --version ] && echo v1.20.2 || exec sleep 60\n", token);
        var failure = await Assert.ThrowsAsync<MigrationException>(
            () => RealControlPlane.StartAsync(new() { Binaries = binaries.FullName }, token));
        binaries.Delete(recursive: true);
        var log = failure!.Next.Split(' ')[^1].TrimEnd('.');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Message, Does.Contain("etcd ended with exit code 3").And.Contain("no room"));
            Assert.That(await File.ReadAllTextAsync(log, token), Is.EqualTo("no room\n"));
            Assert.That(Directory.GetFiles(Path.GetDirectoryName(log)!, "*.key"), Is.Empty);
        }

        Directory.Delete(Path.GetDirectoryName(log)!, recursive: true);
    }

    [Test]
    public async Task What_a_crash_left_behind_is_ended_and_nothing_else(CancellationToken token)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new IgnoreException("Only Linux tells a process's command line.");
        }

        var folder = ControlPlaneFolder.Create();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(token);
        var left = Cli.Wrap("/bin/sh").WithArguments(["-c", "sleep 600; :", folder.Path]).WithValidation(CommandResultValidation.None).ExecuteAsync(end.Token);
        var stranger = Cli.Wrap("/bin/sh").WithArguments(["-c", "sleep 600; :"]).WithValidation(CommandResultValidation.None).ExecuteAsync(end.Token);
        folder.Note(left.ProcessId);
        folder.Note(stranger.ProcessId);

        await ControlPlaneFolder.SweepAsync(token);
        Assert.That(Directory.Exists(folder.Path), Is.True, "its owner lives");

        folder.Abandon();
        await ControlPlaneFolder.SweepAsync(token);
        await left.Task.WaitAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Directory.Exists(folder.Path), Is.False);
            Assert.That(stranger.Task.IsCompleted, Is.False);
        }

        await end.CancelAsync();
        Assert.That(async () => await stranger, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_folder_without_the_programs_is_refused() => Assert.That(
        () => RealControlPlane.StartAsync(new() { Binaries = Path.GetTempPath() }, CancellationToken.None),
        Throws.TypeOf<MigrationException>().With.Message.EndsWith("has no etcd."));

    private static string[] Naming(string folder) => [.. Directory.GetDirectories("/proc")
        .Select(p => Path.Combine(p, "cmdline"))
        .Select(Read)
        .Where(c => c.Contains(folder, StringComparison.Ordinal))
        .Select(c => Path.GetFileName(c.Split('\0')[0]))
        .Order()];

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
