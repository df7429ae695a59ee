using System.Text.Json.Nodes;
using Antrea.Migration.Execution;

namespace Antrea.Migration.Tests.Execution;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BackupFolderTests : IDisposable
{
    private const string Name = "crd.projectcalico.org_NetworkPolicy_default_web.json";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("backup-");

    private BackupFolder Backup => new(_folder.FullName);

    public void Dispose() => _folder.Delete(recursive: true);

    [Test]
    public async Task KeepAsync_WhatWasSavedAtTheStart_WritesNothing()
    {
        await SaveAtStartAsync(Policy());

        // Versions, managed fields and status are the API server's own.
        var now = Policy();
        now["metadata"]!["resourceVersion"] = "77";
        now["status"] = new JsonObject { ["seen"] = true };

        Assert.That(await KeepAsync(now), Is.EqualTo(BackupOutcome.Held));
        Assert.That(Files(), Is.EqualTo(new[] { $"objects/{Name}" }));
    }

    [Test]
    public async Task KeepAsync_WhatIsNew_IsSavedOnceAndReadBack()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await KeepAsync(Policy()), Is.EqualTo(BackupOutcome.Added));
            Assert.That(await KeepAsync(Policy()), Is.EqualTo(BackupOutcome.Held), "repeated, as after a crash");
            Assert.That(Files(), Is.EqualTo(new[] { $"objects-at-removal/{Name}" }));
        }
    }

    [Test]
    public async Task KeepAsync_WhatHasChanged_IsSavedBesideAndNothingIsOverwritten()
    {
        await SaveAtStartAsync(Policy());
        var before = await ReadAsync($"objects/{Name}");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await KeepAsync(Policy(selector: "b")), Is.EqualTo(BackupOutcome.Changed));
            Assert.That(await KeepAsync(Policy(selector: "c")), Is.EqualTo(BackupOutcome.Changed));
            Assert.That(await KeepAsync(Policy(uid: "another")), Is.EqualTo(BackupOutcome.Changed), "made anew under the same name");
            Assert.That(await KeepAsync(Policy(selector: "c")), Is.EqualTo(BackupOutcome.Held));
            Assert.That(await ReadAsync($"objects/{Name}"), Is.EqualTo(before));
            Assert.That(await ReadAsync($"objects-at-removal/{Name}"), Does.Contain("\"b\""));
            Assert.That(Files(), Is.EqualTo(new[]
            {
                $"objects-at-removal/{Name.Replace(".json", ".2.json")}", $"objects-at-removal/{Name.Replace(".json", ".3.json")}", $"objects-at-removal/{Name}", $"objects/{Name}",
            }));
        }
    }

    [TestCase("")]
    [TestCase("{\"apiVersion\": \"crd.project")]
    [TestCase("[1]")]
    public async Task KeepAsync_WhereTheFileIsBroken_SavesItAgainBeside(string broken)
    {
        await SaveAtStartAsync(Policy());
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "objects", Name), broken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await KeepAsync(Policy()), Is.EqualTo(BackupOutcome.Mended));
            Assert.That(await ReadAsync($"objects/{Name}"), Is.EqualTo(broken), "never overwritten");
            Assert.That(await KeepAsync(Policy()), Is.EqualTo(BackupOutcome.Held));
        }
    }

    [Test]
    public async Task KeepAsync_WhereTheFileWasDeleted_SavesItAgain()
    {
        await SaveAtStartAsync(Policy());
        File.Delete(Path.Combine(_folder.FullName, "objects", Name));

        Assert.That(await KeepAsync(Policy()), Is.EqualTo(BackupOutcome.Added));
    }

    [Test]
    public async Task KeepAsync_AfterACrashInTheMiddleOfAFile_WritesItWhole()
    {
        var folder = _folder.CreateSubdirectory("objects-at-removal");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, Name + ".part"), "{\"half");

        Assert.That(await KeepAsync(Policy()), Is.EqualTo(BackupOutcome.Added));
        Assert.That(await KeepAsync(Policy()), Is.EqualTo(BackupOutcome.Held));
        Assert.That(Files(), Is.EqualTo(new[] { $"objects-at-removal/{Name}" }));
    }

    [Test]
    public void KeepAsync_WhereNothingCanBeWritten_FailsAndSaysThatNothingWasDeleted()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "objects-at-removal"), "a file where the folder should be");

        Assert.That(
            async () => await KeepAsync(Policy()),
            Throws.TypeOf<StepFailedException>().With.Message.Contains(Name).And.Property(nameof(StepFailedException.Next)).Contains("nothing that it was to keep was deleted"));
    }

    [Test]
    public async Task KeepAsync_ObjectsWithPasswords_LeavesTheirTextOutAndStillKnowsThem()
    {
        JsonObject Secretive() => (JsonObject)JsonNode.Parse(
            """
            {"apiVersion": "crd.projectcalico.org/v1", "kind": "RemoteClusterConfiguration", "metadata": {"name": "r", "uid": "u"},
             "spec": {"etcdPassword": "hunter2", "k8sAPIToken": "abc", "password": {"secretKeyRef": {"name": "s", "key": "k"}},
                      "env": [{"name": "DB_PASSWORD", "value": "hunter3"}, {"name": "IP", "value": "autodetect"}]}}
            """)!;

        Assert.That(await KeepAsync(Secretive()), Is.EqualTo(BackupOutcome.Added));
        var text = await ReadAsync("objects-at-removal/crd.projectcalico.org_RemoteClusterConfiguration_r.json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text, Does.Not.Contain("hunter").And.Not.Contain("abc"));
            Assert.That(text, Does.Contain("secretKeyRef").And.Contain("autodetect"));
            Assert.That(await KeepAsync(Secretive()), Is.EqualTo(BackupOutcome.Held));
        }
    }

    [Test]
    public async Task IsThere_OnlyWithWhatWasSavedAtTheStart()
    {
        Assert.That(Backup.IsThere(), Is.False);
        await KeepAsync(Policy());
        Assert.That(Backup.IsThere(), Is.False);
        await SaveAtStartAsync(Policy());
        Assert.That(Backup.IsThere(), Is.True);
    }

    private static JsonObject Policy(string selector = "a", string uid = "1") => new()
    {
        ["apiVersion"] = "crd.projectcalico.org/v1",
        ["kind"] = "NetworkPolicy",
        ["metadata"] = new JsonObject { ["namespace"] = "default", ["name"] = "web", ["uid"] = uid, ["resourceVersion"] = "1" },
        ["spec"] = new JsonObject { ["selector"] = selector },
    };

    private Task SaveAtStartAsync(JsonObject obj) => Backup.SaveAtStartAsync(BackupFolder.NameOf(obj), obj, CancellationToken.None);

    private Task<BackupOutcome> KeepAsync(JsonObject obj) => Backup.KeepAsync(obj, CancellationToken.None);

    private Task<string> ReadAsync(string path) => File.ReadAllTextAsync(Path.Combine(_folder.FullName, path));

    private IEnumerable<string> Files() => _folder.EnumerateFiles("*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(_folder.FullName, f.FullName).Replace('\\', '/')).Order(StringComparer.Ordinal);
}
