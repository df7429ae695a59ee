namespace Antrea.Migrator.Tests;

/// <summary>A folder for one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("antrea-migrator-tests-");

    public string At(string name) => System.IO.Path.Combine(_folder.FullName, name);

    public string Path => _folder.FullName;

    public string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
