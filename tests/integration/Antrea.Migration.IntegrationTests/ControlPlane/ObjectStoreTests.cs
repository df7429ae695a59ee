using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using CsCheck;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

[Parallelizable(ParallelScope.All)]
internal sealed class ObjectStoreTests
{
    private static ObjectStore NewStore(int historyLimit = 20_000) => new(TimeProvider.System, historyLimit);

    private static JsonObject Map(string name, int value = 0) =>
        TestCluster.Json($$"""{ "metadata": { "name": "{{name}}", "namespace": "default" }, "data": { "v": "{{value}}" } }""");

    [Test]
    public void A_reader_that_folds_the_events_has_what_the_store_has()
    {
        var operation = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[0, 2]);
        Gen.Select(operation.Array[0, 40], Gen.Int[0, 40]).Sample((operations, from) =>
        {
            var store = NewStore();
            var mirror = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
            var versions = new List<long>();
            IDisposable? subscription = null;
            for (var i = 0; i < operations.Length; i++)
            {
                if (i == from)
                {
                    // Starts in the middle: the list as it is, then the changes after it.
                    var (items, version) = store.ListWithVersion(ResourceType.ConfigMap);
                    items.ForEach(o => mirror[o.NameOf()] = o);
                    subscription = store.Subscribe(Fold, version);
                }

                Do(store, operations[i]);
            }

            subscription ??= store.Subscribe(Fold, 0);
            subscription.Dispose();
            return versions.SequenceEqual(versions.Order().Distinct())
                && mirror.Values.Select(o => o.ToJsonString()).SequenceEqual(store.List(ResourceType.ConfigMap).Select(o => o.ToJsonString()));

            void Fold(StoreEvent e)
            {
                versions.Add(e.Version);
                if (e.Type == StoreEventType.Deleted)
                {
                    mirror.Remove(e.Object.NameOf());
                }
                else
                {
                    mirror[e.Object.NameOf()] = e.Object;
                }
            }
        });

        static void Do(ObjectStore store, (int Verb, int Name, int Value) operation)
        {
            var (verb, name, value) = operation;
            var obj = Map($"cm-{name}", value);
            var there = store.Peek(ResourceType.ConfigMap, "default", $"cm-{name}") is not null;
            switch (verb)
            {
                case 0 when !there:
                    store.Create(ResourceType.ConfigMap, obj);
                    break;
                case 1 when there:
                    store.Update(ResourceType.ConfigMap, obj);
                    break;
                case 2:
                    store.Delete(ResourceType.ConfigMap, "default", $"cm-{name}");
                    break;
                case 3:
                    store.MarkForDeletion(ResourceType.ConfigMap, "default", $"cm-{name}", value);
                    break;
            }
        }
    }

    [Test]
    public void An_unchanged_object_is_not_written_again()
    {
        var store = NewStore();
        store.Create(ResourceType.ConfigMap, Map("one", 1));
        var version = store.Version;
        store.Update(ResourceType.ConfigMap, Map("one", 1));
        Assert.That(store.Version, Is.EqualTo(version));
    }

    [Test]
    public void Generation_rises_with_the_spec_only()
    {
        var store = NewStore();
        store.Create(ResourceType.DaemonSet, TestCluster.NewWorkload("one"));

        long Change(Action<JsonObject> change) => store.Mutate(ResourceType.DaemonSet, "default", "one", o =>
        {
            change(o);
            return true;
        }).Number("metadata", "generation")!.Value;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Change(o => o.Ensure("metadata").Ensure("labels")["a"] = "b"), Is.EqualTo(1));
            Assert.That(Change(o => o.Ensure("status")["numberReady"] = 3), Is.EqualTo(1));
            Assert.That(Change(o => o.Ensure("spec")["minReadySeconds"] = 3), Is.EqualTo(2));
        }
    }

    [Test]
    public void What_comes_out_can_be_changed_without_harm()
    {
        var store = NewStore();
        store.Create(ResourceType.ConfigMap, Map("one", 1))["data"]!["v"] = "changed";
        store.Get(ResourceType.ConfigMap, "default", "one")!["data"]!["v"] = "changed";
        store.List(ResourceType.ConfigMap)[0]["data"]!["v"] = "changed";
        Assert.That(store.Get(ResourceType.ConfigMap, "default", "one").Text("data", "v"), Is.EqualTo("1"));
    }

    [TestCase(0, false, false)]
    [TestCase(30, false, true)]
    [TestCase(0, true, true)]
    public void A_marked_object_stays_while_there_is_a_reason(long grace, bool finalizer, bool stays)
    {
        var store = NewStore();
        var pod = TestCluster.NewPod("one");
        if (finalizer)
        {
            pod["metadata"]!["finalizers"] = new JsonArray("hold");
        }

        store.Create(ResourceType.Pod, pod);
        var marked = store.MarkForDeletion(ResourceType.Pod, "default", "one", grace);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(marked!.IsTerminating(), Is.True);
            Assert.That(store.Peek(ResourceType.Pod, "default", "one") is not null, Is.EqualTo(stays));
        }
    }

    [Test]
    public void Marking_again_can_shorten_the_grace_period_but_not_lengthen_it()
    {
        var store = NewStore();
        store.Create(ResourceType.Pod, TestCluster.NewPod("one"));
        store.MarkForDeletion(ResourceType.Pod, "default", "one", 30);
        store.MarkForDeletion(ResourceType.Pod, "default", "one", 60);
        var still = store.Peek(ResourceType.Pod, "default", "one").Number("metadata", "deletionGracePeriodSeconds");
        store.MarkForDeletion(ResourceType.Pod, "default", "one", 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(still, Is.EqualTo(30));
            Assert.That(store.Peek(ResourceType.Pod, "default", "one"), Is.Null);
        }
    }

    [Test]
    public void A_forgotten_version_is_expired()
    {
        var store = NewStore(historyLimit: 4);
        for (var i = 0; i < 20; i++)
        {
            store.Create(ResourceType.ConfigMap, Map($"cm-{i}"));
        }

        var seen = new List<long>();
        store.Subscribe(e => seen.Add(e.Version), store.Version - 4).Dispose();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(seen, Has.Count.EqualTo(4));
            Assert.That(
                () => store.Subscribe(_ => { }, 3),
                Throws.TypeOf<StoreConflictException>().With.Property("Reason").EqualTo("Expired"));
        }
    }
}
