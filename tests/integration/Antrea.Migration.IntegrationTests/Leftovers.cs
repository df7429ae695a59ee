using System.Globalization;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.IntegrationTests;

/// <summary>When every test has ended, nothing of theirs is left on the machine: no namespace, no process, no file.</summary>
/// <remarks>Temporary files go to a folder of this run's own meanwhile, so that other runs beside it are not looked at.</remarks>
[SetUpFixture]
public sealed class Leftovers
{
    private const string TemporaryFolder = "TMPDIR";

    private string? _before;
    private DirectoryInfo? _folder;

    [OneTimeSetUp]
    public void Take_a_folder()
    {
        _folder = Directory.CreateTempSubdirectory("antrea-migration-tests-");
        if (OperatingSystem.IsLinux())
        {
            _before = Environment.GetEnvironmentVariable(TemporaryFolder);
            Environment.SetEnvironmentVariable(TemporaryFolder, _folder.FullName);
        }
    }

    [OneTimeTearDown]
    public void Nothing_is_left()
    {
        if (!OperatingSystem.IsLinux())
        {
            _folder!.Delete(recursive: true);
            return;
        }

        Environment.SetEnvironmentVariable(TemporaryFolder, _before);
        string[] files = [.. _folder!.EnumerateFileSystemInfos().Select(left => left.Name)];
        _folder.Delete(recursive: true);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(files, Is.Empty, "temporary files");
            Assert.That(KernelNamespaces.Held(Environment.ProcessId), Is.Empty, "labs in the kernel");
            Assert.That(KernelNamespaces.Orphans(), Is.Empty, "namespaces");
            Assert.That(() => Children().ToList(), Is.Empty.After(10_000, 100), "processes");
        }
    }

    private static IEnumerable<string> Children() =>
        Directory.GetDirectories("/proc/self/task").SelectMany(Read).Select(id => $"{id} {Command(id)}");

    private static string[] Read(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return []; // The thread has ended.
        }
    }

    private static string Command(string id)
    {
        try
        {
            return File.ReadAllText($"/proc/{int.Parse(id, CultureInfo.InvariantCulture)}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
